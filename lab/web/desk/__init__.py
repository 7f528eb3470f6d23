"""The desk as a service of the Hub: who may judge whose work is the Hub's to say."""
