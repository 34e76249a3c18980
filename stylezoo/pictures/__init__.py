"""Picture files, colours, contact sheets and animations."""
