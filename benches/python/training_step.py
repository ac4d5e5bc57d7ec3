"""The PyTorch twin of training_step.rs: python training_step.py VOCABULARY STEPS"""
import torch,time,sys
from transformers import BartConfig,BartForConditionalGeneration
torch.manual_seed(0);torch.set_num_threads(2)
V=int(sys.argv[1])
cfg=BartConfig(vocab_size=V,d_model=256,encoder_layers=2,decoder_layers=2,encoder_attention_heads=4,decoder_attention_heads=4,encoder_ffn_dim=256,decoder_ffn_dim=256,max_position_embeddings=128,dropout=0.,pad_token_id=0,bos_token_id=2,eos_token_id=3,decoder_start_token_id=3,forced_eos_token_id=3)
m=BartForConditionalGeneration(cfg).train();opt=torch.optim.AdamW(m.parameters(),lr=1e-4,weight_decay=0.)
x=torch.randint(5,V,(64,128));am=torch.ones_like(x)
def step():
    L=m(input_ids=x,attention_mask=am,labels=x).loss
    opt.zero_grad();L.backward();torch.nn.utils.clip_grad_norm_(m.parameters(),1.);opt.step();return L.item()
step()
ts=[]
for _ in range(int(sys.argv[2])):
    t=time.time();step();ts.append(time.time()-t)
ts.sort();print('torch',torch.__version__,'V',V,'step median',ts[len(ts)//2],'min',ts[0])
