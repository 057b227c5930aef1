"""Marks that count: submitted notebooks run in the sandbox and judged by the tasks."""
