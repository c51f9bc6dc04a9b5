using { managed } from '@sap/cds/common';
using { tandem.interop as db } from '../db/schema';

annotate managed with { modifiedAt @odata.etag };

@path: '/odata/v4/interop'
service InteropService {
  entity Accounts   as projection on db.Accounts;
  entity Orders     as projection on db.Orders;
  entity OrderLines as projection on db.OrderLines;
  entity Articles   as projection on db.Articles;
}

/** The same articles, for those who sign in. */
@path: '/odata/v4/guarded'
@requires: 'authenticated-user'
service GuardedService {
  entity Articles as projection on db.Articles;
}
