"""The tables that people know, and the formats there are: data only, so that a command's help costs
nothing."""

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

TEXTBOOK = (
    "activations",
    "architecture",
)  # with the input, without what only moves data, and without totals
