"""The work of benches/model.rs in transformers: greedy decoding of 2,048 latents, encoding of 10,000 molecules.

usage: model_transformers.py <model dir> <file of SELFIES, one a line> [decode rows] [encode rows] [decode batch]
Needs torch and transformers. Two threads, batches of 256 (or as given) and 128, key/value cache, inference mode.
"""
import json
import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import BartForConditionalGeneration, PreTrainedTokenizerFast
from transformers.modeling_outputs import BaseModelOutput

torch.set_num_threads(2)
path = pathlib.Path(sys.argv[1])
n_decode = int(sys.argv[3]) if len(sys.argv) > 3 else 2048
n_encode = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000
decode_batch = int(sys.argv[5]) if len(sys.argv) > 5 else 256
model = BartForConditionalGeneration.from_pretrained(path).eval()
tokenizer = PreTrainedTokenizerFast.from_pretrained(path)
projector, inverse = (load_file(path / f"{n}.safetensors") for n in ("projector", "invprojector"))
settings = json.loads((path / "projector_config.json").read_text())
slope = settings["rrelu_eval_slope"]
positions, d = settings["projector"]["input_dim"]


def perceptron(x, w):
    for k in (1, 2, 3):
        x = F.leaky_relu(F.linear(x, w[f"layer{k}.weight"], w[f"layer{k}.bias"]), slope)
    return F.linear(x, w["layer4.weight"], w["layer4.bias"])


def uniform(n):
    with np.errstate(over="ignore"):
        z = np.uint64(0x9E3779B97F4A7C15) * np.arange(1, n + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (2.0 * (z >> np.uint64(11)).astype(np.float64) / 2.0**53 - 1.0).astype(np.float32)


with torch.inference_mode():
    if n_decode:
        latents = torch.tensor(uniform(2048 * 128).reshape(2048, 128))[:n_decode]
        start, tokens = time.perf_counter(), 0
        for batch in latents.split(decode_batch):
            states = perceptron(batch, inverse).reshape(-1, positions, d)
            ids = model.generate(encoder_outputs=BaseModelOutput(last_hidden_state=states), max_new_tokens=64, do_sample=False,
                                 num_beams=1)
            texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
            tokens += int((ids[:, 1:] != model.config.pad_token_id).sum())
        secs = time.perf_counter() - start
        print(f"decode {n_decode} latents in batches of {decode_batch}: {secs:.2f} s, {n_decode / secs:.1f} molecules/s, {tokens} tokens", flush=True)
    if n_encode:
        texts = [line.strip().replace("][", "] [") for line in open(sys.argv[2])][:n_encode]
        start = time.perf_counter()
        for k in range(0, len(texts), 128):
            ids = tokenizer(texts[k:k + 128], return_tensors="pt", max_length=64, truncation=True, padding="max_length")["input_ids"]
            perceptron(model.model.encoder(input_ids=ids).last_hidden_state.flatten(1), projector)
        secs = time.perf_counter() - start
        print(f"encode {len(texts)} molecules (latent): {secs:.2f} s, {len(texts) / secs:.0f} molecules/s", flush=True)
        start = time.perf_counter()
        for k in range(0, len(texts), 128):
            e = tokenizer(texts[k:k + 128], return_tensors="pt", max_length=128, truncation=True, padding="max_length")
            h = model.model.encoder(input_ids=e["input_ids"], attention_mask=e["attention_mask"]).last_hidden_state
            m = e["attention_mask"].unsqueeze(-1).float()
            (h * m).sum(1) / m.sum(1)
        secs = time.perf_counter() - start
        print(f"encode {len(texts)} molecules (pooled): {secs:.2f} s, {len(texts) / secs:.0f} molecules/s", flush=True)
