"""RDKit and selfies on the first 10,000 SMILES of a file, one thread: pip install rdkit selfies==2.2.0"""

import sys
import time

import rdkit
import selfies
from rdkit import Chem, RDLogger
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator, rdMolDescriptors

RDLogger.DisableLog("rdApp.*")


def best(work, items, runs=3):
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        for item in items:
            work(item)
        times.append(time.perf_counter() - start)
    return min(times)


def descriptors(smiles):
    m = Chem.MolFromSmiles(smiles)
    return (
        Descriptors.MolWt(m), Crippen.MolLogP(m), rdMolDescriptors.CalcTPSA(m), Descriptors.NumHDonors(m),
        Descriptors.NumHAcceptors(m), rdMolDescriptors.CalcNumRotatableBonds(m), rdMolDescriptors.CalcNumRings(m),
        rdMolDescriptors.CalcFractionCSP3(m), QED.qed(m),
    )


with open(sys.argv[1]) as file:
    smiles = [line.split()[0] for line in file if line.strip()][:10_000]
print(f"RDKit {rdkit.__version__}, selfies 2.2.0, {len(smiles)} molecules")
r2, r3 = (rdFingerprintGenerator.GetMorganGenerator(radius=r, fpSize=2048) for r in (2, 3))
rows = [
    ("parse and check", Chem.MolFromSmiles, smiles),
    ("parse + canonical SMILES", lambda s: Chem.MolToSmiles(Chem.MolFromSmiles(s)), smiles),
    ("parse + Morgan radius 2", lambda s: r2.GetFingerprint(Chem.MolFromSmiles(s)), smiles),
    ("parse + Morgan radius 3", lambda s: r3.GetFingerprint(Chem.MolFromSmiles(s)), smiles),
    ("SELFIES round trip", lambda s: selfies.decoder(selfies.encoder(s)), smiles),
    ("descriptors, first 1,000", descriptors, smiles[:1000]),
]
for name, work, items in rows:
    print(f"{name:<34} {best(work, items):>12.4f}")
