"""What pages, API and exports ask of the casework."""
