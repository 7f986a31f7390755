"""Tables of telethon-session-sqlalchemy, made, written and read by SQLAlchemy itself.

    alchemy.py URL PREFIX make VERSION    the tables as that version made them, with one session in them
    alchemy.py URL PREFIX read ID         what an ORM program reads, as JSON
    alchemy.py URL PREFIX upsert ROWS N HOW   upserts ROWS entities, N a transaction; prints rows per second. HOW:
        merge (the ORM, as AlchemyCoreSession does), many (INSERT … ON CONFLICT by executemany, as its subclass for
        Postgres does), values (one INSERT of N rows, as we do)
"""

import json
import sys
import time

import sqlalchemy as sql
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, orm
from sqlalchemy.dialects import mysql, postgresql, sqlite

url, prefix, command = sys.argv[1:4]
url = url.replace('postgres://', 'postgresql+psycopg2://').replace('mysql://', 'mysql+pymysql://')
engine = sql.create_engine(url)
Base = orm.declarative_base()


def table(name, *columns):
    body = {column.name: column for column in columns}
    return type(name, (Base,), {'__tablename__': prefix + name, **body})


def key(name, kind):
    return Column(name, kind, primary_key=True)


def session_id():
    return key('session_id', String(255))


# MySQL cannot index a BLOB without a length: there somebody must have helped.
digest = LargeBinary().with_variant(mysql.VARBINARY(16), 'mysql')
version = int(sys.argv[4]) if command == 'make' else 2
columns = [Column(name, BigInteger) for name in ('pts', 'qts', 'date', 'seq')]
if command != 'make' or sys.argv[5] == 'unread_count':
    columns.append(Column('unread_count', Integer))

Version = table('version', key('version', Integer))
Session = table(
    'sessions',
    session_id(),
    key('dc_id', Integer),
    Column('server_address', String(255)),
    Column('port', Integer),
    Column('auth_key', LargeBinary),
)
Entity = table(
    'entities',
    session_id(),
    key('id', BigInteger),
    Column('hash', BigInteger, nullable=False),
    Column('username', String(32)),
    Column('phone', BigInteger),
    Column('name', String(255)),
)
SentFile = table(
    'sent_files',
    session_id(),
    key('md5_digest', digest),
    key('file_size', Integer),
    key('type', Integer),
    Column('id', BigInteger),
    Column('hash', BigInteger),
)
UpdateState = table('update_state', session_id(), key('entity_id', BigInteger), *columns)

db = orm.Session(bind=engine)

if command == 'make':
    tables = [cls.__table__ for cls in (Version, Session, Entity, SentFile)]
    Base.metadata.create_all(engine, tables + ([UpdateState.__table__] if version > 1 else []))
    db.add(Version(version=version))
    auth_key = bytes((i * 7 + 3) % 256 for i in range(256))
    db.add(Session(session_id='py', dc_id=2, server_address='149.154.167.51', port=443, auth_key=auth_key))
    db.add(Session(session_id='empty', dc_id=4, server_address='149.154.167.91', port=80, auth_key=b''))
    name = 'Pavel Ünï'
    db.add(Entity(session_id='py', id=777, hash=-7926531234567890123, username='durov', phone=15551234, name=name))
    db.add(Entity(session_id='py', id=0, hash=777))
    db.add(SentFile(session_id='py', md5_digest=bytes(range(16)), file_size=5, type=1, id=2**63 - 1, hash=-(2**63)))
    if version > 1:
        db.add(UpdateState(session_id='py', entity_id=0, pts=3000000000, qts=1, date=1700000000, seq=5))
    db.commit()

if command == 'read':
    found = {}
    for cls in (Session, Entity, SentFile, UpdateState):
        rows = db.query(cls).filter(cls.session_id == sys.argv[4]).all()
        names = [column.name for column in cls.__table__.columns if column.name != 'session_id']
        values = [{name: getattr(row, name) for name in names} for row in rows]
        found[cls.__tablename__[len(prefix):]] = values
    found['version'] = [row.version for row in db.query(Version).all()]
    print(json.dumps(found, default=lambda value: bytes(value).hex()))

if command == 'upsert':
    rows, size, how = int(sys.argv[4]), int(sys.argv[5]), sys.argv[6]
    entities = Entity.__table__
    insert = (mysql if engine.name == 'mysql' else postgresql if engine.name == 'postgresql' else sqlite).insert(entities)
    if engine.name == 'mysql':
        wanted = insert.inserted
    else:
        wanted = insert.excluded
    changes = {column: wanted[column] for column in ('hash', 'username', 'name')}
    if engine.name == 'mysql':
        upsert = insert.on_duplicate_key_update(**changes)
    else:
        upsert = insert.on_conflict_do_update(index_elements=['session_id', 'id'], set_=changes)
    began = time.monotonic()
    for start in range(0, rows, size):
        part = [
            dict(session_id='bench', id=number, hash=number, username=f'user{number}', name=f'Name {number}')
            for number in range(start, min(start + size, rows))
        ]
        if how == 'merge':
            for row in part:
                db.merge(Entity(**row))
            db.commit()
        else:
            with engine.begin() as connection:
                if how == 'many':
                    connection.execute(upsert, part)
                else:
                    connection.execute(upsert.values(part))
    print(rows / (time.monotonic() - began))

db.close()
engine.dispose()
