"""What is asked and how it is judged: a package for each lesson."""
