"""One training step of an encoder-decoder with additive attention in PyTorch, on one thread: what `encoder-decoder` measures of ours.

    python3 encoder_decoder.py [STEPS]

GRU, two layers of 512 units on either side, V = 8,000, 64 pairs of 25 tokens, teacher forcing: forward, backward, clipping, SGD. As ours, the decoder
begins with the states the encoder ends with; at each step it reads a token's embedding beside what the output layer read the step before
(input feeding), scores every encoder state m by v tanh(W_q q + W_m m), and the output layer reads tanh(W [q; context] + b). What does not
depend on the steps before, the keys W_m m and the output layer with its loss, is computed for all steps at once.

Times are of the processor, not of the clock, so that what else runs on the machine does not count as ours or theirs.
"""
import sys, time
import torch
from torch.nn import functional

V, H, LAYERS, PAIRS, TOKENS = 8000, 512, 2, 64, 25


class EncoderDecoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.source, self.target = torch.nn.Embedding(V, H), torch.nn.Embedding(V, H)
        self.encoder, self.decoder = torch.nn.GRU(H, H, LAYERS), torch.nn.GRU(2 * H, H, LAYERS)
        self.query, self.key = torch.nn.Linear(H, H, bias=False), torch.nn.Linear(H, H, bias=False)
        self.v = torch.nn.Parameter(torch.empty(H).uniform_(-0.05, 0.05))
        self.combine, self.output = torch.nn.Linear(2 * H, H), torch.nn.Linear(H, V)

    def forward(self, source, target):
        memory, state = self.encoder(self.source(source))
        keys, rows = self.key(memory).transpose(0, 1), memory.transpose(0, 1)
        fed, features = memory.new_zeros(PAIRS, H), []
        for token in self.target(target):
            q, state = self.decoder(torch.cat((token, fed), 1).unsqueeze(0), state)
            scores = torch.tanh(keys + self.query(q[0]).unsqueeze(1)) @ self.v
            context = torch.bmm(torch.softmax(scores, 1).unsqueeze(1), rows).squeeze(1)
            fed = torch.tanh(self.combine(torch.cat((q[0], context), 1)))
            features.append(fed)
        return self.output(torch.stack(features))


def main(steps):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = EncoderDecoder()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    source, target, wanted = (torch.randint(0, V, (TOKENS, PAIRS)) for _ in range(3))
    times = []
    for _ in range(3 + steps):
        start = time.process_time()
        loss = functional.cross_entropy(model(source, target).view(-1, V), wanted.view(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        times.append(time.process_time() - start)
    step = sorted(times[3:])[steps // 2]
    print(f"encoder-decoder gru 2x512 additive, 1 threads: {1000 * step:.1f} ms a step, {PAIRS * TOKENS / step:.0f} target tokens/s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
