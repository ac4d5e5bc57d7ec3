"""Writes a SELFIES-TED checkpoint of the small published size (or the large) with seeded random weights, for benchmarks.

usage: make_small_model.py <reference/selfies_ted> <reference/generate/make_weights.py> <outdir> [--large]
Needs numpy and safetensors. Vocabulary, seed and gains are those of the reference fixture.
"""
import json
import pathlib
import shutil
import subprocess
import sys

source, make_weights, out = map(pathlib.Path, sys.argv[1:4])
large = "--large" in sys.argv
out.mkdir(parents=True, exist_ok=True)
for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "stats.json"):
    shutil.copyfile(source / name, out / name)
config = json.loads((source / "config.json").read_text())
d, ffn, layers, heads = (1024, 4096, 12, 16) if large else (256, 256, 2, 4)
config.update(d_model=d, encoder_ffn_dim=ffn, decoder_ffn_dim=ffn, encoder_layers=layers, decoder_layers=layers,
              encoder_attention_heads=heads, decoder_attention_heads=heads)
(out / "config.json").write_text(json.dumps(config, indent=1))
pair = {"projector": {"input_dim": [64, d], "hidden_dim": 512, "output_dim": 128},
        "invprojector": {"input_dim": 128, "hidden_dim": 512, "output_dim": [64, d]},
        "rrelu_eval_slope": (1 / 8 + 1 / 3) / 2}
(out / "projector_config.json").write_text(json.dumps(pair, indent=1))
subprocess.run([sys.executable, str(make_weights), str(out), str(out)], check=True)
