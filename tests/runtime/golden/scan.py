"""Drawn with Layerloom."""

import torch
from torch import nn


class GatedCell(nn.Module):
    """x B × …, h B × hidden -> y B × hidden."""

    def __init__(self, in_features, hidden=16):
        super().__init__()
        self.gate_fc = nn.Linear(in_features, hidden)
        self.gate = nn.Sigmoid()
        self.candidate_fc = nn.Linear(in_features, hidden)
        self.candidate = nn.Tanh()

    def forward(self, x, h):
        both = torch.cat([x, h], dim=1)  # B × in_features
        gate_fc = self.gate_fc(both)  # B × hidden
        gate = self.gate(gate_fc)  # B × hidden
        candidate_fc = self.candidate_fc(both)  # B × hidden
        candidate = self.candidate(candidate_fc)  # B × hidden
        gap = candidate - h  # B × hidden
        change = gate * gap  # B × hidden
        mixed = h + change  # B × hidden
        return mixed


class Reader(nn.Module):
    """tokens B × 6, lengths B × 1 -> logits B × 2; 3,154 parameters."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(100, 8)
        self.encoder = nn.ModuleList([GatedCell(20, hidden=12), GatedCell(20, hidden=12)])
        self.reader = GatedCell(40)
        self.logits = nn.Linear(16, 2)

    def forward(self, tokens, lengths):
        embedding = self.embedding(tokens)  # B × 6 × 8
        length = lengths[:, 0]  # B
        encoder_h_forward = torch.zeros(embedding.shape[0], 12, device=embedding.device)
        encoder_y_forward_steps = []
        for t in range(embedding.shape[1]):
            encoder_y_forward_step = self.encoder[0](embedding[:, t], encoder_h_forward)
            encoder_forward_alive = (t < length).view(-1, 1)
            encoder_h_forward = torch.where(encoder_forward_alive, encoder_y_forward_step, encoder_h_forward)
            encoder_y_forward_step = torch.where(encoder_forward_alive, encoder_y_forward_step, 0)
            encoder_y_forward_steps.append(encoder_y_forward_step)
        encoder_h_backward = torch.zeros(embedding.shape[0], 12, device=embedding.device)
        encoder_y_backward_steps = []
        for t in reversed(range(embedding.shape[1])):
            encoder_y_backward_step = self.encoder[1](embedding[:, t], encoder_h_backward)
            encoder_backward_alive = (t < length).view(-1, 1)
            encoder_h_backward = torch.where(encoder_backward_alive, encoder_y_backward_step, encoder_h_backward)
            encoder_y_backward_step = torch.where(encoder_backward_alive, encoder_y_backward_step, 0)
            encoder_y_backward_steps.append(encoder_y_backward_step)
        encoder_y_forward_all = torch.stack(encoder_y_forward_steps, 1)
        encoder_y_backward_all = torch.stack(encoder_y_backward_steps[::-1], 1)
        encoder = torch.cat([encoder_y_forward_all, encoder_y_backward_all], -1)  # B × 6 × 24
        reader_h = torch.zeros(encoder.shape[0], 16, device=encoder.device)
        for t in range(encoder.shape[1]):
            reader_h = self.reader(encoder[:, t], reader_h)
        reader_y_last = reader_h  # B × 16
        logits = self.logits(reader_y_last)  # B × 2
        return logits
