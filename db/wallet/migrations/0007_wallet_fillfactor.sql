-- Room in each page for the next version of every wallet in it. Then a balance is rewritten where it is, and no index is.
ALTER TABLE "wallets" SET (fillfactor = 45);
