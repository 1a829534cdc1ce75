"""Serves a model folder by the reference Python library, as far as `revocab eval --server` asks: GET /v1/models and POST
/v1/completions with `prompt` as token ids, `echo` and `logprobs`, answered in the form that vLLM answers in.

    python completions-server.py MODEL_DIR [--dtype bfloat16] [--port 8000]

One request is computed at a time, on the CPU.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel


def main() -> None:
    options = parse_options()
    dtype = getattr(torch, options.dtype)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype, trust_remote_code=False).eval()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), handler_for(model, options.model.name))
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--port", type=int, default=8000)
    return parser.parse_args()


def handler_for(model: PreTrainedModel, name: str) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()
    # a server generates one token more
    longest = model.config.max_position_embeddings + 1

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer({"object": "list", "data": [{"id": name, "object": "model", "max_model_len": longest}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.endswith("/completions"):
                return self.answer({"detail": "Not Found"}, status=404)
            with lock:
                self.answer(complete(model, body["prompt"]))

        def answer(self, value: object, status: int = 200) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@torch.no_grad()
def complete(model: PreTrainedModel, ids: list[int]) -> dict[str, object]:
    """The log-probability of each token, the softmax in float32, and of the most probable one after them."""
    scores = torch.log_softmax(model(torch.tensor([ids])).logits[0].float(), dim=-1)
    next_id = int(scores[-1].argmax())
    given = [scores[i, id].item() for i, id in enumerate([*ids[1:], next_id])]
    logprobs = {"tokens": [f"token_id:{id}" for id in [*ids, next_id]], "token_logprobs": [None, *given]}
    usage = {"prompt_tokens": len(ids), "completion_tokens": 1, "total_tokens": len(ids) + 1}
    return {"object": "text_completion", "choices": [{"index": 0, "text": "", "logprobs": logprobs}], "usage": usage}


if __name__ == "__main__":
    main()
