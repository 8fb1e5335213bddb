"""The presets of tables and the names of formats: data only, so that ``--help`` stays fast."""

FORMATS = ("text", "markdown", "latex", "html", "csv", "json")
DIFFS = ("text", "markdown", "json")
VERDICTS = ("text", "json", "markdown", "junit", "github")
FINDINGS = ("full", "concise", "json", "github", "gitlab", "sarif", "junit")

PRESETS = {
    "summary": ("layer", "op", "output", "params", "macs", "receptive_field"),
    "activations": ("textbook_layer", "activation_shape", "activation_size", "parameters"),
    "architecture": (
        "layer",
        "type",
        "maps",
        "size",
        "kernel_size",
        "stride",
        "padding",
        "activation",
    ),
    "full": (
        "layer",
        "op",
        "output",
        "activation_size",
        "kernel_size",
        "stride",
        "padding",
        "norm",
        "activation",
        "params",
        "buffers",
        "macs",
        "elementwise",
        "receptive_field",
        "effective_stride",
        "effective_padding",
        "shares",
    ),
}

# These show the input, but neither totals nor operators that only move data.
TEXTBOOK = ("activations", "architecture")
