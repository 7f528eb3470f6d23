"""What two students' work has in common that each of them chose freely: pairs for a person, never points."""
