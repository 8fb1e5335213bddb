-- The language server of cnnspec for Neovim 0.11 or later: ~/.config/nvim/lsp/cnnspec.lua
return {
  cmd = { "cnnspec", "lsp" },
  filetypes = { "toml" },
  root_markers = { "pyproject.toml", ".git" },
}
