"""How the course looks: static figures and interactive ones. Figures draw; they never train."""
