"""From stack to stack: the images that one has proved become the images of another."""
