"""From text to instants in UTC: pure functions, no I/O, no pandas."""
