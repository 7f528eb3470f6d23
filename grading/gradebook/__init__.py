"""Grades for the gradebook of a learning platform: one module for each form that a platform imports."""
