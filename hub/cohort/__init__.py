"""What an instructor does with a whole class: roster, start, status, deadlines, snapshots, stop.

All of it goes through the Hub's REST API, with a token of the scopes in `hub.roles.COHORT`. What a
student's lab answers is untrusted: a student controls that process.
"""
