"""From nothing to an SP: scripts/sp-init."""
