"""What is known of promises: one function per question."""
