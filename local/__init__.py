"""The `local` stack on this machine: its Prefect server and worker, kept under `.local/`."""
