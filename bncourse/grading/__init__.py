"""What a task is, how any task is judged, and how the verdict is told. Knows no lesson."""
