"""Reading and editing what is on disk: gallery, comparison, answers, verification, code, costs."""
