"""Networks as users write them, each with the sheet that it follows; arguments edit them at one
place."""
