"""Copying conversations between two remotes: plan, apply, check, undo."""
