"""Copying between two remotes: plan, apply, check and undo."""
