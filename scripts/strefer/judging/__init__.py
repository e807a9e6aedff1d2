"""People judge a sample of a run's pairs: so the truth of real data can be measured."""
