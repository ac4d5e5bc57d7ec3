"""Opens a checkpoint that Fillscape saved in transformers and compares it with the original.

usage: open_in_transformers.py <original folder> <saved folder> [tolerance]
Needs torch and transformers. Exit code 0: same vocabulary, same tensors (within the tolerance, 0 by default), same logits.
"""
import sys

import torch
from transformers import AutoTokenizer, BartForConditionalGeneration

original, saved = sys.argv[1:3]
tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
models, infos = zip(*(BartForConditionalGeneration.from_pretrained(p, output_loading_info=True, dtype=torch.float32)
                      for p in (original, saved)))
for info in infos:
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
a, b = (model.eval() for model in models)
for name, tensor in a.state_dict().items():
    difference = float((tensor - b.state_dict()[name]).abs().max())
    assert difference <= tolerance, f"{name} differs by {difference}"
tokenizers = [AutoTokenizer.from_pretrained(p) for p in (original, saved)]
assert tokenizers[0].get_vocab() == tokenizers[1].get_vocab()
assert tokenizers[0].pad_token_id == tokenizers[1].pad_token_id and tokenizers[0].mask_token_id == tokenizers[1].mask_token_id
text = "[C] [C] [=C] [Branch1] [C] [O] [N]"
ids = [t(text, return_tensors="pt")["input_ids"] for t in tokenizers]
assert torch.equal(*ids)
with torch.inference_mode():
    logits = [m(input_ids=ids[0], decoder_input_ids=ids[0]).logits for m in (a, b)]
    greedy = [m.generate(ids[0], max_new_tokens=64, do_sample=False, num_beams=1) for m in (a, b)]
difference = float((logits[0] - logits[1]).abs().max())
assert difference <= tolerance * 100, f"logits differ by {difference}"
if tolerance == 0.0:
    assert torch.equal(*greedy), "greedy decoding differs"
print(f"same: {sum(p.numel() for p in a.parameters())} weights, logits within {difference}")
