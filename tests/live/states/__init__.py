"""States of local stacks, each recorded with `pulumi stack export` before its
release, less what is of one machine; `ROOT` stands for the checkout's path."""
