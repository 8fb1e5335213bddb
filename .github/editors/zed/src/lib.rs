//! Starts `cnnspec lsp` for TOML files.

use zed_extension_api as zed;

struct CnnspecExtension;

impl zed::Extension for CnnspecExtension {
    fn new() -> Self {
        CnnspecExtension
    }

    fn language_server_command(
        &mut self,
        _server: &zed::LanguageServerId,
        worktree: &zed::Worktree,
    ) -> zed::Result<zed::Command> {
        let command = worktree
            .which("cnnspec")
            .ok_or("cnnspec is not found: pip install 'cnnspec[editor]'")?;
        Ok(zed::Command {
            command,
            args: vec!["lsp".into()],
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(CnnspecExtension);
