"""The outside world: one module per source, and what they share. See `ask.Collector` for what a source offers."""
