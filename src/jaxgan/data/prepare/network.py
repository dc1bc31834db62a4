"""Finds out quickly whether a download can work."""

import threading


def why_unreachable(url: str, timeout: float) -> str | None:
    """Asks the server of ``url`` for it, without fetching it.

    Looking up the server's name can take minutes where packets are dropped, which the HTTP
    library's timeout does not cover; so it runs in a thread that is given up after ``timeout``.

    Args:
      url: an http(s) address. Proxies in the environment are used, as TFDS's download does.
      timeout: seconds until the network counts as missing.

    Returns:
      None if the server answers with the file, else the reason in a few words.
    """
    answer: list[str | None] = []

    def ask() -> None:
        import requests  # TFDS's own HTTP library

        try:
            with requests.get(url, stream=True, timeout=timeout) as response:
                bad = response.status_code >= 400
                answer.append(f"HTTP status {response.status_code}" if bad else None)
        except (requests.RequestException, OSError, ValueError) as error:
            answer.append(_in_short(error))

    thread = threading.Thread(target=ask, name="jaxgan-probe", daemon=True)
    thread.start()
    thread.join(timeout)
    return answer[0] if answer else f"no answer within {timeout:g} seconds"


def tensorflow_missing(error: BaseException) -> bool:
    """Whether ``error`` comes from an attempt to import TensorFlow."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ImportError) and "tensorflow" in str(seen).lower():
            return True
        if "No module named 'tensorflow'" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _in_short(error: BaseException) -> str:
    text = str(error)
    for sign, words in (
        ("resolve", "the name of the server cannot be resolved"),
        ("Name or service", "the name of the server cannot be resolved"),
        ("refused", "the connection is refused"),
        ("unreachable", "the network is unreachable"),
        ("timed out", "no answer in time"),
        ("roxy", "the proxy does not let it through"),
        ("SSL", "the server's certificate is not accepted"),
    ):
        if sign in text:
            return words
    return type(error).__name__
