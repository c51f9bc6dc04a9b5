namespace tandem.interop;

using { cuid, managed } from '@sap/cds/common';

entity Accounts : cuid, managed {
  accountNumber : String(20) not null;
  name          : String(160) not null;
  parent        : Association to Accounts;
  address       : {
    street : String(120);
    city   : String(80);
  };
  orders        : Association to many Orders on orders.account = $self;
}

/** One property of each primitive type, and an association. */
entity Orders : cuid, managed {
  orderNumber  : String(20) not null;
  account      : Association to Accounts;
  status       : String(20) enum { open; done; cancelled } default 'open';
  amount       : Decimal(18, 2);
  rate         : Decimal(34, 6);
  quantity     : Decimal;
  serial       : Int64;
  pieces       : Integer;
  weight       : Double;
  urgent       : Boolean;
  dueDate      : Date;
  startTime    : Time;
  promisedAt   : DateTime;
  recordedAt   : Timestamp;
  note         : LargeString;
}

entity OrderLines {
  key order    : Association to Orders;
  key position : Integer;
      text     : String(200);
      price    : Decimal(18, 2);
}

/** Keys that have to be quoted and percent-encoded. */
entity Articles {
  key code : String(60);
      name : String(160);
}
