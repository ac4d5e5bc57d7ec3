"""SELFIES round trip with the Python package, to set beside `chem_selfies.rs`.

pip install selfies==2.2.0
python benches/python/selfies_baseline.py molecules.smi
"""

import sys
import time
from importlib.metadata import version

import selfies

N_PASSES = 3


def encode(smiles):
    try:
        return selfies.encoder(smiles)
    except selfies.EncoderError:
        return None


def report(what, n, run):
    fastest = float("inf")
    for _ in range(N_PASSES):
        start = time.perf_counter()
        run()
        fastest = min(fastest, time.perf_counter() - start)
    print(f"{what:<24} {fastest * 1e3:>9.1f} ms {fastest * 1e6 / n:>9.1f} µs each")


def main():
    with open(sys.argv[1]) as file:
        smiles = [line.split()[0] for line in file if line.strip()]
    encoded = [text for text in map(encode, smiles) if text is not None]
    print(f"selfies {version('selfies')}, Python {sys.version.split()[0]}: {len(smiles)} SMILES, {len(encoded)} of them encoded")
    report("encode, 1 thread", len(smiles), lambda: [encode(s) for s in smiles])
    report("decode, 1 thread", len(encoded), lambda: [selfies.decoder(t) for t in encoded])
    report("round trip, 1 thread", len(smiles), lambda: [selfies.decoder(t) for t in map(encode, smiles) if t])


if __name__ == "__main__":
    main()
