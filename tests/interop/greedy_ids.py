"""Greedy token ids of latent vectors in transformers, as JSON: new tokens of each row up to its end token.

usage: greedy_ids.py <model folder> <latents.json>
Needs torch and transformers. Decoding follows the folder's generation_config.json but for the search: greedy, 64 new tokens.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import BartForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

path = pathlib.Path(sys.argv[1])
model = BartForConditionalGeneration.from_pretrained(path, dtype=torch.float32).eval()
weights = {k: v.float() for k, v in load_file(path / "invprojector.safetensors").items()}
settings = json.loads((path / "projector_config.json").read_text())
positions, d = settings["invprojector"]["output_dim"]
x = torch.tensor(json.load(open(sys.argv[2])))
with torch.inference_mode():
    for k in (1, 2, 3):
        x = F.leaky_relu(F.linear(x, weights[f"layer{k}.weight"], weights[f"layer{k}.bias"]), settings["rrelu_eval_slope"])
    states = F.linear(x, weights["layer4.weight"], weights["layer4.bias"]).reshape(-1, positions, d)
    rows = model.generate(encoder_outputs=BaseModelOutput(last_hidden_state=states), max_new_tokens=64, do_sample=False,
                          num_beams=1)[:, 1:].tolist()
end = model.generation_config.eos_token_id
print(json.dumps([row[:row.index(end) + 1] if end in row else row for row in rows]))
