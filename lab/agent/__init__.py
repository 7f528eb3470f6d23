"""The lab as tools of an agent: what a student may do by hand, marked in the manifest as made through it."""
