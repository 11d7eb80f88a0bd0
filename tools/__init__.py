"""What the project's own build runs, and no user: the recorded API, and the check of a release."""
