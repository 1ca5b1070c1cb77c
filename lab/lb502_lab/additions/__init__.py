"""Answers that moto lacks or gets wrong, one file a service. Each module names its SERVICE as
botocore does and its HANDLERS by operation: `handler(context, params) -> result`."""
