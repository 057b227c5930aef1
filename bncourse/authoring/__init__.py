"""For authors: exercises built from solutions, notebooks run and put in order, tasks proved."""
