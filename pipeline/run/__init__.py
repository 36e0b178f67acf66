"""An honest run, and what it tells."""
