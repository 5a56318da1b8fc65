"""Doing an experiment: restorations, trainings, sweeps over clips, and the Python API."""
