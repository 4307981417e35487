"""Archives: many notes in many processes, as tables and a report."""
