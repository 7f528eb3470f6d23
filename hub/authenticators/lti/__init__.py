"""Logins from the course's page in Moodle or Canvas, by LTI 1.3."""
