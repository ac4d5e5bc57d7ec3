"""Wall-clock of TopSearch 0.0.3 on one reference case, beside `cargo run --release --example landscape_cases`.

usage: landscape_topsearch.py FOLDER
FOLDER holds training_normalised.npy, response_normalised.npy and the settings in case.json; prints one table row:
case, minima, transition states, calls of the surface, seconds. One process, one thread; its log goes to a temporary folder.
Needs `pip install topsearch==0.0.3`; the recorded cases were made with a later commit that calls itself 0.0.3 as well.
"""
import json
import logging
import os
import sys
import tempfile
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ["TQDM_DISABLE"] = "1"

import numpy as np
from topsearch.data.coordinates import StandardCoordinates
from topsearch.data.kinetic_transition_network import KineticTransitionNetwork
from topsearch.data.model_data import ModelData
from topsearch.global_optimisation.basin_hopping import BasinHopping
from topsearch.global_optimisation.perturbations import StandardPerturbation
from topsearch.potentials.dataset_fitting import DatasetInterpolation
from topsearch.sampling.exploration import NetworkSampling
from topsearch.similarity.similarity import StandardSimilarity
from topsearch.transition_states.hybrid_eigenvector_following import HybridEigenvectorFollowing
from topsearch.transition_states.nudged_elastic_band import NudgedElasticBand

logging.disable(logging.CRITICAL)
warnings.filterwarnings("ignore")


class Counted(DatasetInterpolation):
    calls = 0

    def function(self, position):
        Counted.calls += 1
        return super().function(position)


def main(folder):
    folder = os.path.abspath(folder)
    settings = json.load(open(os.path.join(folder, "case.json")))
    scratch = tempfile.mkdtemp()
    for array, text in (("training_normalised", "training.txt"), ("response_normalised", "response.txt")):
        np.savetxt(os.path.join(scratch, text), np.load(os.path.join(folder, array + ".npy")))
    data = ModelData(os.path.join(scratch, "training.txt"), os.path.join(scratch, "response.txt"))
    np.random.seed(settings["seed"])
    bounds = [tuple(b) for b in settings["bounds"]]
    surface = Counted(model_data=data, smoothness=settings["smoothing"])
    os.chdir(scratch)
    network = KineticTransitionNetwork()
    network.dump_network = lambda *arguments, **options: None
    coordinates = StandardCoordinates(ndim=len(bounds), bounds=bounds)
    same = StandardSimilarity(**settings["comparer"])
    step = StandardPerturbation(max_displacement=settings["step_max_displacement"], proportional_distance=True)
    hops = BasinHopping(ktn=network, potential=surface, similarity=same, step_taking=step)
    sampling = NetworkSampling(
        ktn=network,
        coords=coordinates,
        global_optimiser=hops,
        single_ended_search=HybridEigenvectorFollowing(potential=surface, **settings["hef"]),
        double_ended_search=NudgedElasticBand(potential=surface, **settings["neb"]),
        similarity=same,
        multiprocessing_on=False,
        n_processes=1,
    )
    started = time.time()
    for point in data.training:
        coordinates.position = point.copy()
        hops.run(coords=coordinates, **settings["basin_hopping"])
    sampling.run_connection_attempts(sampling.select_minima(coordinates, "ClosestEnumeration", settings["cycles"]))
    seconds = time.time() - started
    name = os.path.basename(os.path.normpath(folder))
    print(f"| {name} | {network.n_minima} | {network.n_ts} | {Counted.calls} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
