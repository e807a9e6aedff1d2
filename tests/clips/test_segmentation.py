import itertools

import numpy as np

from strefer.clips import segmentation


def test_clustering_is_average_linkage_of_neighbours():
    rng = np.random.default_rng(3)
    for threshold in (0.05, 0.2, 0.6, 1.0):
        points = rng.normal(size=(40, 5)).cumsum(0)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        assert segmentation.cluster_neighbours(points, threshold) == slow_clusters(
            points, threshold
        )


def slow_clusters(points, threshold):
    """The definition, word by word: all pairs of all neighbouring clusters at every merge."""
    clusters = [[i] for i in range(len(points))]
    while len(clusters) > 1:
        distances = [
            np.mean([1 - points[i] @ points[j] for i in a for j in b])
            for a, b in itertools.pairwise(clusters)
        ]
        nearest = int(np.argmin(distances))
        if distances[nearest] >= threshold:
            break
        clusters[nearest : nearest + 2] = [clusters[nearest] + clusters[nearest + 1]]
    return [cluster[0] for cluster in clusters]
