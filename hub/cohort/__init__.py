"""An instructor's tools for a whole class: roster, start, status, deadlines, collecting work, stop.

All of them use the Hub's REST API, with a token that has the scopes in `hub.roles.COHORT`. Answers of a
student's lab are untrusted, because the student controls that process.
"""
