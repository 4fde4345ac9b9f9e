"""The live gateway: the contract on loopback, answered from the real venues' public and signed interfaces."""
