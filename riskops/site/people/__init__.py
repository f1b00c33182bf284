"""The pages and the API of people and teams; roles as groups, and the demo people."""
