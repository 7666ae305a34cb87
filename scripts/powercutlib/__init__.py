"""The parts of scripts/power-cut."""
