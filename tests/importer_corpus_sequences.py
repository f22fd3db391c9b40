"""Networks for sequences: loops over cells, attention, Transformers, tied weights."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from importer_corpus import case, floats, tokens, yes_no


@case(floats(5, 3))
class LstmLoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.LSTMCell(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 4)
        c = torch.zeros(x.size(0), 4)
        outs = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            outs.append(self.out(h))
        return torch.stack(outs, dim=1)


@case(floats(4, 3))
class StackedGruCells(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([nn.GRUCell(3, 5), nn.GRUCell(5, 5)])

    def forward(self, x):
        states = [None] * 2
        for step in x.unbind(1):
            for i, cell in enumerate(self.cells):
                states[i] = step = cell(step, states[i])
        return step


class OwnCell(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(size, hidden), nn.Linear(hidden, hidden, bias=False)

    def forward(self, x, h):
        return torch.tanh(self.x2h(x) + self.h2h(h))


@case(floats(4, 3), quick=True)
class OwnRnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.h0 = OwnCell(3, 6), nn.Parameter(torch.randn(6))

    def forward(self, x):
        h = self.h0.expand(x.size(0), 6)
        for t in range(4):
            h = self.cell(x[:, t, :], h)
        return h


@case(tokens(7, count=20))
class LstmClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(20, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.fc = nn.Linear(20, 3)

    def forward(self, ids):
        out, (h, _) = self.lstm(self.emb(ids))
        h = h.view(2, 2, ids.shape[0], 5)
        return self.fc(torch.cat([h[-1, 0], h[-1, 1], out.max(dim=1)[0]], dim=-1))


@case(floats(6, 3))
class StepsFirstGru(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 4)

    def forward(self, x):
        out, last = self.gru(x.transpose(0, 1))
        return out.permute(1, 0, 2), last.squeeze(0)


class Attention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.score = nn.Linear(2 * size, size)
        self.v = nn.Parameter(torch.rand(size))

    def forward(self, hidden, encoded):
        hidden = hidden.unsqueeze(1).repeat(1, encoded.size(1), 1)
        energy = torch.tanh(self.score(torch.cat([hidden, encoded], 2)))
        return F.softmax((energy * self.v).sum(2), dim=1)


@case(tokens(6, count=12), tokens(4, count=12))
class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.src, self.tgt = nn.Embedding(12, 5), nn.Embedding(12, 5)
        self.encoder = nn.GRU(5, 6, batch_first=True)
        self.attention = Attention(6)
        self.cell = nn.GRUCell(11, 6)
        self.out = nn.Linear(6, 12)

    def forward(self, source, target):
        encoded, h = self.encoder(self.src(source))
        h = h[0]
        logits = []
        for t in range(target.size(1)):
            weights = self.attention(h, encoded)
            context = torch.bmm(weights.unsqueeze(1), encoded).squeeze(1)
            h = self.cell(torch.cat([self.tgt(target[:, t]), context], -1), h)
            logits.append(self.out(h))
        return torch.stack(logits, 1)


class CausalSelfAttention(nn.Module):
    def __init__(self, size, heads, length):
        super().__init__()
        self.attn, self.proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.heads = heads
        self.register_buffer("mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, x):
        b, t, c = x.size()
        q, k, v = self.attn(x).split(c, dim=2)
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        return self.proj(y.transpose(1, 2).contiguous().view(b, t, c))


class GptBlock(nn.Module):
    def __init__(self, size, heads, length):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.attn = CausalSelfAttention(size, heads, length)
        self.mlp = nn.ModuleDict(
            {"fc": nn.Linear(size, 4 * size), "proj": nn.Linear(4 * size, size), "act": nn.GELU("tanh")}
        )

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        m = self.mlp
        return x + m["proj"](m["act"](m["fc"](self.ln2(x))))


@case(tokens(6, count=16), own_code=0)
class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(16, 8), nn.Embedding(10, 8)
        self.blocks = nn.ModuleList(GptBlock(8, 2, 10) for _ in range(2))
        self.ln = nn.LayerNorm(8)
        self.head = nn.Linear(8, 16, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, idx):
        pos = torch.arange(0, idx.size(1), dtype=torch.long, device=idx.device)
        x = self.wte(idx) + self.wpe(pos)
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln(x))


@case(tokens(5, count=9))
class TiedByProduct(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.mix = nn.Embedding(9, 4), nn.Linear(4, 4)

    def forward(self, ids):
        return self.mix(self.emb(ids)) @ self.emb.weight.t()


class Encoder(nn.Module):
    def __init__(self, emb):
        super().__init__()
        self.emb, self.mix = emb, nn.Linear(4, 4)

    def forward(self, ids):
        return self.mix(self.emb(ids)).mean(1)


@case(tokens(5, count=9), tokens(3, count=9))
class TiedAcrossBlocks(nn.Module):
    """One embedding in two modules: it is shared although it lies in both."""

    def __init__(self):
        super().__init__()
        shared = nn.Embedding(9, 4)
        self.one, self.other = Encoder(shared), Encoder(shared)

    def forward(self, a, b):
        return self.one(a) - self.other(b)


@case(floats(5, 8))
class EncoderLayers(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8), enable_nested_tensor=False)

    def forward(self, x):
        return self.encoder(x)


@case(floats(5, 8), floats(3, 8))
class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.1, batch_first=True)

    def forward(self, memory, tgt):
        mask = torch.triu(torch.ones(3, 3, dtype=torch.bool), diagonal=1)
        return self.layer(tgt, memory, tgt_mask=mask)


@case(floats(4, 6), floats(5, 6), yes_no(5))
class CrossAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn, self.norm = nn.MultiheadAttention(6, 3, batch_first=True), nn.LayerNorm(6)

    def forward(self, x, memory, hidden):
        hidden = hidden & (torch.arange(5) > 0)
        y, weights = self.attn(x, memory, memory, key_padding_mask=hidden)
        return self.norm(x + y), weights


@case(floats(4, 6))
class StepsFirstAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(6, 2)

    def forward(self, x):
        x = x.transpose(0, 1)
        y, _ = self.attn(x, x, x, need_weights=False)
        return y.transpose(0, 1)


@case(floats(5, 8))
class FusedAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24, bias=False), nn.Linear(8, 8)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 2, 4).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).flatten(2))


@case(floats(5, 8), own_code=1)
class AttentionWithDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.kv = nn.Linear(8, 8), nn.Linear(8, 16)

    def forward(self, x):
        q = self.q(x)
        k, v = self.kv(x).chunk(2, -1)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)


class Positional(nn.Module):
    def __init__(self, size, length=50):
        super().__init__()
        position = torch.arange(length).unsqueeze(1)
        div = torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
        pe = torch.zeros(1, length, size)
        pe[0, :, 0::2] = torch.sin(position * div)
        pe[0, :, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe, persistent=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)])


@case(tokens(6, count=11))
class PositionalEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.pos = nn.Embedding(11, 8), Positional(8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, ids):
        hidden = ids.eq(0)
        x = self.pos(self.emb(ids) * math.sqrt(8))
        x = self.layer(x, src_key_padding_mask=hidden)
        keep = (~hidden).unsqueeze(-1).float()
        return (x * keep).sum(1) / keep.sum(1).clamp(min=1)


@case(floats(8, 3))
class TemporalConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(3, 3, 2, dilation=2**i) for i in range(3))

    def forward(self, x):
        x = x.transpose(1, 2)
        for i, conv in enumerate(self.convs):
            x = x + F.relu(conv(F.pad(x, (2**i, 0))))
        return x[..., -1]


def rotate_half(x):
    x1, x2 = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat((-x2, x1), dim=-1)


class RmsNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


@case(floats(6, 8))
class RotaryLlama(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = RmsNorm(8)
        self.q, self.k, self.v = (nn.Linear(8, 8, bias=False) for _ in range(3))
        self.gate, self.up, self.down = nn.Linear(8, 12), nn.Linear(8, 12), nn.Linear(12, 8)

    def forward(self, x):
        t = torch.arange(x.shape[1], dtype=torch.float32)
        freqs = torch.outer(t, 1.0 / 100 ** (torch.arange(0, 8, 2).float() / 8))
        emb = torch.cat((freqs, freqs), dim=-1)
        cos, sin = emb.cos(), emb.sin()
        h = self.norm(x)
        q, k = (p(h) * cos + rotate_half(p(h)) * sin for p in (self.q, self.k))
        x = x + F.scaled_dot_product_attention(q, k, self.v(h), is_causal=True)
        return x + self.down(F.silu(self.gate(x)) * self.up(x))


@case(floats(6, 4))
class GatedConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.glu = nn.Conv1d(4, 8, 3, padding=1), nn.GLU(dim=1)

    def forward(self, x):
        return F.glu(self.glu(self.conv(x.permute(0, 2, 1))), dim=1)


@case(floats(5, 4))
class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.Linear(7, 5))
        self.channels = nn.Sequential(nn.Linear(4, 7), nn.GELU(), nn.Linear(7, 4))
        self.n1, self.n2 = nn.LayerNorm(4), nn.LayerNorm(4)

    def forward(self, x):
        x = x + self.tokens(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.n2(x))


@case(floats(4, 3), floats(2, 5))
class Initialised(nn.Module):
    """States that are wired, and one layer called several times."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 5, batch_first=True)

    def forward(self, x, start):
        h, c = start[:, 0].unsqueeze(0), start[:, 1].unsqueeze(0)
        out, (h, c) = self.lstm(x, (h.contiguous(), c.contiguous()))
        again, _ = self.lstm(x.flip(1), (h, c))
        return out + again
