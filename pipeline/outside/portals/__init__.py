"""Web portals that have no door but a browser's."""
